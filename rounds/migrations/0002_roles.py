from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = ("annotator", "validator", "researcher", "admin")


def make_roles(apps, schema_editor):
    group_model = apps.get_model("auth", "Group")
    groups = {name: group_model.objects.get_or_create(name=name)[0] for name in ROLES}
    # Permissions are otherwise made only after all migrations.
    create_permissions(installed.get_app_config("rounds"), apps=apps, verbosity=0)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="rounds")
    groups["admin"].permissions.add(
        *permissions.filter(codename__startswith="view_"),
        *permissions.filter(codename__in=["add_task", "change_task"]),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("rounds", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
