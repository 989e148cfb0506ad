# Each sync of whole lives fails once, on a simulated disk that then has lost the bytes, while its cache
# still shows them: nothing may be acknowledged after it, and nothing that is not on the disk believed.
id=G7
name=failed-syncs
title="Failing syncs of whole lives, on a simulated disk that loses what it shows"
target=500

short() { suite 'FailedCallsTests/aFailedSync'; }
round() { ANNALS_CRASH_STATES=100000 suite 'FailedCallsTests/aFailedSync'; }
