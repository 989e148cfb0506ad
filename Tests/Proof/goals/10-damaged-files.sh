# Files cut short, missing, swapped, from another store; several frames damaged at once; fields forged
# with the checksums mended.
id=G10
name=damaged-files
title="Files cut, missing, swapped, of another store; forged fields"
target=200000
tests='FileDamageTests|ManyDamagesTests|ForgedBytesTests|LostTypesTests|StaleLayoutTests|SnapshotDamageTests'

short() { suite "$tests"; }
round() { ANNALS_EXHAUSTIVE=1 ANNALS_FORGED_ROUNDS=20000 suite "$tests"; }
