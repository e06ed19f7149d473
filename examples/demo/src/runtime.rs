//! The runtime of those parts that bring none.

pub(crate) fn in_runtime(task: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::runtime::Runtime::new().map_err(|error| error.to_string())?.block_on(task)
}
