# Recovery and compaction are stopped, and the recovery from that, two deep.
id=G3
name=crashed-recoveries
title="Crashes inside recovery, two deep, and inside compaction and rules"
target=50000
tests='CrashedRecoveriesTests|CompactionCrashTests'

short() { suite "$tests"; }
round() { ANNALS_CRASH_STATES=6000 suite "$tests"; }
