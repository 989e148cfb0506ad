# One bit of one byte is flipped, and everything is asked of the store. Eight seeds in a row try every
# bit of the used part of every file.
id=G9
name=flipped-bits
title="Single bits flipped: every bit of all files of a small store"
target=980000

short() { suite ByteDamageTests; }
round() { ANNALS_EXHAUSTIVE=1 suite ByteDamageTests; }
