# A collection of damaged stores, with what `annals verify` says of each, word for word.
id=G17
name=golden-verdicts
title="Damaged stores with exactly the verdict kept for each"
target=89

short() { suite GoldenVerdictTests; }
round() { suite GoldenVerdictTests; }
