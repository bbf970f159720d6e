from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):

    dependencies = [
        ('uiengine_subjects', '0015_goals'),
    ]

    operations = [
        migrations.AddField(
            model_name='serveddecision',
            name='sizes',
            field=models.JSONField(blank=True, help_text='Blocks shown in their least (0) or largest (2) size; none where it is empty.', null=True),
        ),
    ]
