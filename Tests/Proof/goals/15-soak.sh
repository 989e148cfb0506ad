# Hours of one writer, readers and compaction, with memory and descriptors watched.
id=G15
name=soak
title="Seconds of soak: writer, readers, compaction, kills; memory and descriptors flat"
target=28800

short() { skip "no harness yet"; }
round() { short; }
