from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):

    dependencies = [
        ('uiengine_codebooks', '0018_parts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='pipeline',
            name='outcome',
            field=models.TextField(blank=True, help_text='How it ended, in words.'),
        ),
    ]
