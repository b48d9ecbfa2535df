//! All block formats.

pub use super::float::{BF16, F16, F32};
pub use super::iq4::{IQ4NL, IQ4XS};
pub use super::k2::Q2K;
pub use super::k3::Q3K;
pub use super::k6::Q6K;
pub use super::k45::{Q4K, Q5K};
pub use super::mxfp4::MXFP4;
pub use super::q4::{Q4_0, Q4_1};
pub use super::q5::{Q5_0, Q5_1};
pub use super::q8::{Q8_0, Q8K};
pub use super::tq::{TQ1_0, TQ2_0};
