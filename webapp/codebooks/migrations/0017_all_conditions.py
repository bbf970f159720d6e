from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):

    dependencies = [
        ('uiengine_codebooks', '0016_weights'),
    ]

    operations = [
        migrations.AlterField(
            model_name='rollout',
            name='after_gate',
            field=models.CharField(choices=[('promote', 'Promote'), ('canary', 'Serve it to the canary share'), ('shadow', 'Let it decide in the shadow'), ('hold', 'Wait for a person')], default='promote', help_text='What the pipeline does with a version that meets all conditions.', max_length=10),
        ),
    ]
