//! How large an image says it is, from its first bytes. Nothing is decoded: a small file that would unpack into a huge
//! picture is known by its header.

/// Width and height in pixels; None where the header is not all there.
pub(super) fn size(media_type: &str, bytes: &[u8]) -> Option<(u32, u32)> {
    match media_type {
        "image/png" => png(bytes),
        "image/gif" => Some((u32::from(little_u16(bytes, 6)?), u32::from(little_u16(bytes, 8)?))),
        "image/webp" => webp(bytes),
        "image/jpeg" => jpeg(bytes),
        _ => None,
    }
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..24)?.strip_prefix(b"IHDR")?;
    Some((u32::from_be_bytes(header[..4].try_into().ok()?), u32::from_be_bytes(header[4..].try_into().ok()?)))
}

/// Lossy, lossless or extended, by the kind of its first chunk.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let data = bytes.get(20..30);
    match bytes.get(12..16)? {
        b"VP8X" => {
            let of = |at: usize| {
                Some(u32::from_le_bytes([*data?.get(at)?, *data?.get(at + 1)?, *data?.get(at + 2)?, 0]) + 1)
            };
            Some((of(4)?, of(7)?))
        }
        b"VP8L" => {
            let packed = bytes.get(20..25)?.strip_prefix(&[0x2f])?;
            let packed = u32::from_le_bytes(packed.try_into().ok()?);
            Some(((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => {
            let frame = data?.get(3..)?.strip_prefix(&[0x9d, 0x01, 0x2a])?;
            Some((u32::from(little_u16(frame, 0)? & 0x3fff), u32::from(little_u16(frame, 2)? & 0x3fff)))
        }
        _ => None,
    }
}

/// From segment to segment, up to the one that starts the frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = match bytes.get(at..at + 2)? {
            [0xff, 0xff] => {
                at += 1;
                continue;
            }
            [0xff, marker] => *marker,
            _ => return None,
        };
        at += 2;
        match marker {
            // These stand alone.
            0x01 | 0xd0..=0xd8 => {}
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((u32::from(big_u16(bytes, at + 5)?), u32::from(big_u16(bytes, at + 3)?)));
            }
            _ => at += usize::from(big_u16(bytes, at)?).max(2),
        }
    }
}

fn little_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn big_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_says_its_size() {
        assert_eq!(size("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xc3\x50\0\0\x01\x02"), Some((50_000, 258)));
        assert_eq!(size("image/gif", b"GIF89a\x0a\0\x02\x01"), Some((10, 258)));
        assert_eq!(
            size("image/jpeg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08\x01\x02\0\x0a"),
            Some((10, 258))
        );
        assert_eq!(size("image/webp", b"RIFF....WEBPVP8X....\0\0\0\0\x09\0\0\x01\x01\0"), Some((10, 258)));
        assert_eq!(size("image/webp", b"RIFF....WEBPVP8 ....abc\x9d\x01\x2a\x0a\0\x02\x01"), Some((10, 258)));
        let lossless = (9_u32 | 257 << 14).to_le_bytes();
        assert_eq!(size("image/webp", &[b"RIFF....WEBPVP8L....\x2f", &lossless[..]].concat()), Some((10, 258)));
    }

    proptest! {
        #[test]
        fn no_header_panics_or_takes_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..4_usize) {
            let (kind, start) = [
                ("image/png", &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..]), ("image/gif", b"GIF89a"), ("image/jpeg", b"\xff\xd8\xff"),
                ("image/webp", b"RIFF....WEBPVP8"),
            ][start];
            let _ = size(kind, &[start, &bytes].concat());
        }
    }
}
