from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def let_admins_give_roles(apps, schema_editor):
    # Permissions are otherwise made only after all migrations.
    create_permissions(installed.get_app_config("auth"), apps=apps, verbosity=0)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="auth")
    admins = apps.get_model("auth", "Group").objects.get(name="admin")
    admins.permissions.add(*permissions.filter(codename__in=["view_user", "change_user"]))


class Migration(migrations.Migration):
    dependencies = [("rounds", "0003_robustness"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(let_admins_give_roles, migrations.RunPython.noop)]
