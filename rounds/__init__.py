"""The platform: tasks, rounds, prompts, examples, validations, trainings and their numbers."""
