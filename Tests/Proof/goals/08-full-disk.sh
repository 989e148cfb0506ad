# The disk fills up in the middle of whole lives, and there is room again.
id=G8
name=full-disk
title="Simulated disk full at points of whole lives, then room again"
target=2000
tests='FullDiskTests'

short() { suite "$tests"; }
round() { ANNALS_CRASH_STATES=5000 suite "$tests"; }
