//! Points of Ed25519 that are not accepted as keys.

use super::public_key::Refusal;

/// The y coordinates of the points of small order, little endian, without the bit for the sign of x.
/// Under such a key one signature can be valid for many messages.
const SMALL_ORDER: [[u8; 32]; 5] = [
    y(0x00, 0x00, 0x00),
    y(0x01, 0x00, 0x00),
    // p - 1
    y(0xec, 0xff, 0x7f),
    // The two of the four points of order 8.
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn y(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut y = [middle; 32];
    y[0] = first;
    y[31] = last;
    y
}

/// Refuses points of small order, and non-canonical encodings (RFC 8032 section 5.1.3), which can
/// disguise one.
pub(super) fn check(x: &[u8]) -> Result<(), Refusal> {
    let Ok(mut y) = <[u8; 32]>::try_from(x) else {
        return Err("it is not an Ed25519 key");
    };
    y[31] &= 0x7f;
    // From p = 2^255 - 19 on.
    let from_p = y[31] == 0x7f && y[1..31].iter().all(|octet| *octet == 0xff) && y[0] >= 0xed;
    if from_p || SMALL_ORDER.contains(&y) {
        return Err("its point is of small order: a signature under it proves nothing");
    }
    Ok(())
}
