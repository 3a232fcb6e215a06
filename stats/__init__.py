"""Pure statistics: one function a published number, its definition in its docstring. No Django here."""
