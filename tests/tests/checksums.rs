//! CRC-32C on every instruction set that this machine has.

use flashlet::kernels::Kernels;
use flashlet::simd::Scalar;
use flashlet_tests::kernel::all_kernels;

// RFC 3720 (iSCSI), appendix B.4, and the catalogue's check value.
#[test]
fn checksums_are_the_published_ones() {
    let ascending: Vec<u8> = (0..32).collect();
    let descending: Vec<u8> = (0..32).rev().collect();
    for (bytes, want) in [
        (&[0; 32][..], 0x8a91_36aa),
        (&[0xff; 32], 0x62a8_ab43),
        (&ascending, 0x46dd_794e),
        (&descending, 0x113f_db5c),
        (b"123456789", 0xe306_9283),
        (b"", 0),
    ] {
        for kernels in all_kernels() {
            assert_eq!(kernels.crc32c(0, bytes), want, "{:?}: {bytes:?}", kernels.isa());
        }
    }
}

#[test]
fn pieces_and_instruction_sets_do_not_matter() {
    let bytes: Vec<u8> = (0..40_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let want = Scalar.crc32c(0, &bytes);
    for kernels in all_kernels() {
        for cut in [0, 1, 7, 8, 4096, 12_287, 12_288, 12_289, 24_576, 39_999, 40_000] {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(kernels.crc32c(kernels.crc32c(0, a), b), want, "{:?}, cut at {cut}", kernels.isa());
        }
    }
    let mut flipped = bytes;
    flipped[20_000] ^= 4;
    assert_ne!(Scalar.crc32c(0, &flipped), want);
}
