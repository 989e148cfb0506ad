# Faults are put into the engine on purpose: each must be caught by the harness made for it.
id=G16
name=planted-bugs
title="Planted bugs caught by the harness made for them"
target=12

short() { ANNALS_PLANTED_BUGS=1 swift test --scratch-path .build-bugs --filter PlantedBug; }
round() { short; }
