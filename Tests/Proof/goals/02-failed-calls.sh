# Every call of whole lives fails: once and from then on, in each way in which calls fail.
id=G2
name=failed-calls
title="Failing calls of whole lives: EIO, ENOSPC, EMFILE, EROFS, short writes; once and from then on"
target=8000

short() { ANNALS_CRASH_STATES=800 suite FailedCallsTests; }
round() { ANNALS_CRASH_STATES=100000 suite FailedCallsTests; }
