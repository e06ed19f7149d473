//! Nothing but `benches/` and `examples/`: see `peers/README.md`.
