"""Imports in parts: who stores which people of a file, and how far it is."""

import django.db.models.deletion
from django.db import migrations, models

from webapp.lib import labels


class Migration(labels.Migration):

    dependencies = [
        ('uiengine_subjects', '0017_shards'),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('visits', 'Visits'), ('events', 'Events')], max_length=10)),
                ('files', models.CharField(help_text='What was imported, by name.', max_length=200)),
                ('digest', models.CharField(db_index=True, help_text='Of the files and options: the same command goes on with it.', max_length=64)),
                ('by', models.CharField(help_text='Who began it, on which host.', max_length=200)),
                ('given', models.JSONField(blank=True, default=dict, help_text='What all its parts are told.')),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='running', max_length=10)),
                ('result', models.JSONField(blank=True, default=dict, help_text='Counts of what was added.')),
                ('error', models.TextField(blank=True)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('-pk',),
            },
        ),
        migrations.CreateModel(
            name='ImportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('first_shard', models.PositiveSmallIntegerField()),
                ('end_shard', models.PositiveSmallIntegerField(help_text='The first shard after it.')),
                ('rows', models.PositiveIntegerField(help_text='Of its files, about.')),
                ('files', models.JSONField(default=dict, help_text='Their names in the artefact storage.')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('host', models.CharField(blank=True, help_text='Who had it last.', max_length=100)),
                ('result', models.JSONField(blank=True, default=dict, help_text='Counts of what was added.')),
                ('error', models.TextField(blank=True, help_text='Its kind; the rest is in the log of its host.')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, help_text='When it was stored.', null=True)),
                ('imported', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='uiengine_subjects.import')),
            ],
            options={
                'ordering': ('imported', 'number'),
                'constraints': [models.UniqueConstraint(fields=('imported', 'number'), name='import_part_once')],
            },
        ),
    ]
