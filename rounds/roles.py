"""What an account may do: the names of Django groups, which the migrations make."""

ANNOTATOR, VALIDATOR, RESEARCHER, ADMIN = ROLES = ("annotator", "validator", "researcher", "admin")
