/// How long a test waits for what takes milliseconds.
///
/// Only what hangs waits so long. Under a sanitizer, where other tests hold every thread that tasks
/// run on, one may wait for its turn for more than five minutes.
let patience = Duration.seconds(1800)
