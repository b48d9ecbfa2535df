//! Sessions over the tiny models of `fixtures/models` (`fixtures/make_models.py` makes and describes
//! them): logits against llama.cpp's, the same bits however a session runs, plans, and errors.

mod answer;
mod chat_pieces;
mod config;
mod device;
mod earlier_answers;
mod edit;
mod errors;
mod finite;
mod held;
mod integrity;
mod keys;
mod loading;
mod logits;
mod model;
mod mutations;
mod nor;
mod per_layer;
mod plan;
mod power_cuts;
mod recurrent;
mod rewind;
mod same_bits;
mod snapshot_devices;
mod snapshot_headers;
mod snapshots;
mod streaming;
