//! The instruction sets by name.

/// The instruction sets that the engine knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum IsaName {
    /// Portable Rust, one row at a time: the oracle.
    Scalar,
    /// x86-64 with AVX2, F16C and FMA, eight rows at a time.
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL and VNNI, sixteen rows at a time.
    Avx512,
    /// AArch64 with NEON, sixteen rows at a time.
    Neon,
    /// AArch64 with NEON and FEAT_DotProd, sixteen rows at a time.
    NeonDotprod,
    /// AArch64 with NEON, FEAT_DotProd and FEAT_I8MM, sixteen rows at a time.
    NeonI8mm,
    /// Cortex-M with the DSP extension, one row at a time.
    Dsp,
    /// Cortex-M with Helium (integers only), one row at a time.
    Helium,
}

impl IsaName {
    /// All names, each architecture's slowest first.
    pub const ALL: [IsaName; 8] = [
        IsaName::Scalar,
        IsaName::Avx2,
        IsaName::Avx512,
        IsaName::Neon,
        IsaName::NeonDotprod,
        IsaName::NeonI8mm,
        IsaName::Dsp,
        IsaName::Helium,
    ];

    /// The set of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<IsaName> {
        IsaName::ALL.into_iter().find(|isa| isa.name() == name)
    }

    /// The name as a command line spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            IsaName::Scalar => "scalar",
            IsaName::Avx2 => "avx2",
            IsaName::Avx512 => "avx512",
            IsaName::Neon => "neon",
            IsaName::NeonDotprod => "neon+dotprod",
            IsaName::NeonI8mm => "neon+i8mm",
            IsaName::Dsp => "dsp",
            IsaName::Helium => "helium",
        }
    }
}
