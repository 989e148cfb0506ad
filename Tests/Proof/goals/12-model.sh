# Random operations, with random options at each opening, against a list in memory.
id=G12
name=model
title="Random operations against a model in memory"
target=2000000
tests='ModelTests|RetentionModelTests|SnapshotPropertyTests'

short() { suite "$tests"; }
round() { ANNALS_MODEL_LIVES=400 ANNALS_SNAPSHOT_HISTORIES=2500 suite "$tests"; }
