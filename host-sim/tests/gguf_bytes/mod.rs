//! GGUF files byte by byte, without the code under test. The tensors' bytes are zeros.

/// A GGUF v3 as its specification lays it out.
#[derive(Default)]
pub(crate) struct GgufBytes {
    keys: Vec<u8>,
    n_keys: u64,
    tensors: Vec<u8>,
    n_tensors: u64,
    /// Bytes of all tensors, aligned.
    data_bytes: u64,
}

pub(crate) const U32: u32 = 4;
pub(crate) const I32: u32 = 5;
pub(crate) const F32: u32 = 6;
pub(crate) const STRING: u32 = 8;
const ARRAY: u32 = 9;

impl GgufBytes {
    pub(crate) fn string(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
    }

    pub(crate) fn key(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.keys.extend(Self::string(key));
        self.keys.extend(kind.to_le_bytes());
        self.keys.extend(value);
        self.n_keys += 1;
        self
    }

    pub(crate) fn array(self, key: &str, kind: u32, elements: &[Vec<u8>]) -> Self {
        let head = [&kind.to_le_bytes()[..], &(elements.len() as u64).to_le_bytes()].concat();
        self.key(key, ARRAY, &[head, elements.concat()].concat())
    }

    pub(crate) fn f32_tensor(self, name: &str, n: u64) -> Self {
        self.tensor(name, &[n], 0, n * 4)
    }

    /// A tensor of `bytes` in the format that GGUF numbers `ty`.
    pub(crate) fn tensor(mut self, name: &str, dims: &[u64], ty: u32, bytes: u64) -> Self {
        self.tensors.extend(Self::string(name));
        self.tensors.extend((dims.len() as u32).to_le_bytes());
        self.tensors.extend(dims.iter().flat_map(|n| n.to_le_bytes()));
        self.tensors.extend(ty.to_le_bytes());
        self.tensors.extend(self.data_bytes.to_le_bytes());
        self.data_bytes = (self.data_bytes + bytes).next_multiple_of(32);
        self.n_tensors += 1;
        self
    }

    /// All that comes before the tensors' bytes, and how many of these follow.
    pub(crate) fn header(self) -> (Vec<u8>, u64) {
        let mut out = b"GGUF\x03\0\0\0".to_vec();
        out.extend(self.n_tensors.to_le_bytes());
        out.extend(self.n_keys.to_le_bytes());
        out.extend(self.keys);
        out.extend(self.tensors);
        out.resize(out.len().next_multiple_of(32), 0);
        (out, self.data_bytes)
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let (mut out, data_bytes) = self.header();
        out.resize(out.len() + data_bytes as usize, 0);
        out
    }
}
