//! Random numbers, the same on every machine.

/// A random number for each place in a run: a pure function of seed, step and lane, so that the
/// order in which they are asked for makes no difference. SplitMix64's finalizer, applied once to
/// fold in each of the three.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random {
    seed: u64,
    step: u64,
    key: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random { seed, step: 0, key: mix(mix(seed)) }
    }

    /// Goes on to the next step.
    pub(super) fn advance(&mut self) {
        self.seek(self.step.wrapping_add(1));
    }

    /// Goes to a step; the first is 0.
    pub(super) fn seek(&mut self, step: u64) {
        self.step = step;
        self.key = mix(mix(self.seed).wrapping_add(self.step));
    }

    /// 32 random bits of this step.
    pub(super) fn bits(&self, lane: u32) -> u32 {
        (mix(self.key.wrapping_add(u64::from(lane))) >> 32) as u32
    }

    /// A random number of this step, at least 0 and below 1.
    pub(super) fn unit(&self, lane: u32) -> f32 {
        (self.bits(lane) >> 8) as f32 * (1.0 / (1 << 24) as f32)
    }
}

fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_is_splitmix64() {
        // The first outputs of SplitMix64 with seed 1234567, from its published test vectors.
        let gamma = 0x9e37_79b9_7f4a_7c15u64;
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(mix(1_234_567u64.wrapping_add(gamma)), 3_203_168_211_198_807_973);
    }
}
