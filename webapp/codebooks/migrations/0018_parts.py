import django.db.models.deletion
from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):

    dependencies = [
        ('uiengine_codebooks', '0017_all_conditions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Part',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('work', models.CharField(help_text='What is done, as it was registered.', max_length=20)),
                ('number', models.PositiveSmallIntegerField()),
                ('first_shard', models.PositiveSmallIntegerField()),
                ('end_shard', models.PositiveSmallIntegerField(help_text='The first shard after it.')),
                ('erasures', models.PositiveIntegerField(default=0, help_text='Of the pipeline when it was made; void after another.')),
                ('given', models.JSONField(blank=True, default=dict, help_text='What the step says to its parts.')),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('holder', models.CharField(blank=True, max_length=32)),
                ('host', models.CharField(blank=True, help_text='Where it is worked on.', max_length=100)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('progress', models.FloatField(default=0.0, help_text='Share done, 0 to 1.')),
                ('result', models.JSONField(blank=True, default=dict, help_text='Counts and names of files.')),
                ('error', models.TextField(blank=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='uiengine_codebooks.run')),
            ],
            options={
                'db_table': 'codebooks_part',
                'ordering': ('run', 'work', 'number'),
                'constraints': [models.UniqueConstraint(fields=('run', 'work', 'number'), name='part_once')],
            },
        ),
    ]
