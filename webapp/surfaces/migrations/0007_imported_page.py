import django.db.models.deletion
from django.db import migrations, models



class Migration(migrations.Migration):
    dependencies = [("uiengine_surfaces", "0006_labels")]

    operations = [
        migrations.CreateModel(
            name="ImportedPage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "format",
                    models.CharField(help_text="The tool that saved the file.", max_length=30),
                ),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("content", models.BinaryField(help_text="The file as it was.")),
                (
                    "notes",
                    models.JSONField(
                        default=list,
                        help_text="What was carried in another form, or stays as it stands.",
                    ),
                ),
                ("imported_at", models.DateTimeField(auto_now=True)),
                (
                    "surface",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imported",
                        to="uiengine_surfaces.surface",
                    ),
                ),
            ],
        ),
    ]
