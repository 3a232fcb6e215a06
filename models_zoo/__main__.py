"""`python -m models_zoo`"""

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the next line imports torch
    from models_zoo.cli import main

    main()
