# Whole lives stopped at every call, with every kind of loss, reorder and tear of what was not synced.
id=G1
name=crash-states
title="Simulated crash states: lives, snapshots, consumers, backups"
target=5000000
tests='CrashedLivesTests|SnapshotDamageTests/afterAnyCrash|ConsumerCrashTests|BackupTests/aCrash'

short() { ANNALS_CRASH_STATES=300 suite "$tests"; }
round() { ANNALS_CRASH_STATES=20000 suite "$tests"; }
