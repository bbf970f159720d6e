"""No two rows follow the same one. Apart from 0005: PostgreSQL alters no table it is writing to."""

from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):
    dependencies = [("uiengine_codebooks", "0005_chain")]
    operations = [
        migrations.AlterField(
            model_name='aliasmove',
            name='previous',
            field=models.CharField(help_text='Digest of the row before.', max_length=64, unique=True),
        ),
        migrations.AlterField(
            model_name='aliasmove',
            name='digest',
            field=models.CharField(help_text='SHA-256.', max_length=64, unique=True),
        ),
    ]
