//! Images for models that see: from a path beneath a root, or from a data URL. Their kind is what their bytes say; they
//! are passed on and never decoded.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;

use super::open::{Found, open_named};
use super::pixels;
use super::place::Named;
use super::refusal::Refusal;
use super::root::Roots;
use crate::config;
use crate::provider::Image;

/// Width times height of what is passed on: more than any model looks at, and what whoever decodes it can bear.
const MAX_PIXELS: u64 = 64_000_000;

/// Decodes with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the image that `spec` names by an absolute path, or holds as `data:image/...;base64,...`. Blocking.
///
/// # Errors
/// Why it was not read. For a data URL do not show `spec`, which may be long: show its beginning.
pub fn image(roots: &Roots, spec: &str, limits: &config::Files) -> Result<Image, Refusal> {
    match spec.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data:") => from_data_url(&spec[5..], limits.max_image),
        _ => from_file(roots, spec, limits.max_image),
    }
}

fn from_file(roots: &Roots, spec: &str, max: u64) -> Result<Image, Refusal> {
    match open_named(roots, &Named::parse(roots, spec)?)? {
        Found::File(opened) => {
            let bytes = opened.bytes(max)?;
            let media_type = media_type(&bytes).ok_or(Refusal::NotAnImage)?;
            encoded(media_type, &bytes)
        }
        Found::Folder { .. } => Err(Refusal::AFolder),
    }
}

fn from_data_url(rest: &str, max: u64) -> Result<Image, Refusal> {
    let (head, data) = rest.split_once(',').ok_or(Refusal::BadDataUrl)?;
    let (declared, encoding) = head.split_once(';').ok_or(Refusal::BadDataUrl)?;
    let declared = match declared.to_ascii_lowercase().as_str() {
        "image/jpg" => "image/jpeg".to_owned(),
        other => other.to_owned(),
    };
    if !declared.starts_with("image/") || !encoding.eq_ignore_ascii_case("base64") {
        return Err(Refusal::BadDataUrl);
    }
    let size = data.trim_end_matches('=').len() as u64 * 3 / 4;
    if size > max {
        return Err(Refusal::TooLarge { size, max });
    }
    let bytes = LENIENT.decode(data.trim()).map_err(|_| Refusal::BadDataUrl)?;
    match media_type(&bytes) {
        Some(found) if found == declared => encoded(found, &bytes),
        // Only a kind that zen knows is repeated: what the URL says is the caller's text.
        Some(found) => Err(Refusal::OtherImage { declared: known(&declared), found }),
        None => Err(Refusal::NotAnImage),
    }
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        bytes if infer::image::is_png(bytes) => Some("image/png"),
        bytes if infer::image::is_jpeg(bytes) => Some("image/jpeg"),
        bytes if infer::image::is_gif(bytes) => Some("image/gif"),
        bytes if infer::image::is_webp(bytes) => Some("image/webp"),
        _ => None,
    }
}

fn known(declared: &str) -> String {
    let known = ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&declared);
    if known { declared } else { "an image of another kind" }.to_owned()
}

/// Passes an image on whose header says that it is not too large.
fn encoded(media_type: &'static str, bytes: &[u8]) -> Result<Image, Refusal> {
    let (width, height) = pixels::size(media_type, bytes).ok_or(Refusal::NotAnImage)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Refusal::TooManyPixels { width, height, max: MAX_PIXELS });
    }
    Ok(Image { media_type, base64: BASE64_STANDARD.encode(bytes).into() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x06JFIF\xff\xc0\0\x11\x08\0\x01\0\x01";
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0";
    const WEBP: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L\x05\0\0\0\x2f\0\0\0\0";

    fn check(name: &str, bytes: &[u8]) -> Result<&'static str, Refusal> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let limits = config::Files { max_image: 64, ..config::Files::default() };
        let roots = Roots::open(&limits, folder.path(), None).unwrap();
        let image = image(&roots, folder.path().join(name).to_str().unwrap(), &limits)?;
        assert_eq!(BASE64_STANDARD.decode(image.base64.as_bytes()).unwrap(), bytes);
        Ok(image.media_type)
    }

    fn check_url(spec: &str) -> Result<Image, Refusal> {
        let limits = config::Files { max_image: 64, ..config::Files::default() };
        image(&Roots::open(&limits, Path::new("/"), None).unwrap(), spec, &limits)
    }

    #[test]
    fn the_kind_of_a_file_is_what_its_bytes_say() {
        assert_eq!(check("a.png", PNG), Ok("image/png"));
        assert_eq!(check("a.png", JPEG), Ok("image/jpeg"));
        assert_eq!(check("a", GIF), Ok("image/gif"));
        assert_eq!(check("a.jpg", WEBP), Ok("image/webp"));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert_eq!(check("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Err(Refusal::NotAnImage));
        assert_eq!(check("a.png", b""), Err(Refusal::NotAnImage));
        assert_eq!(check("a.png", &[0x89; 65]), Err(Refusal::TooLarge { size: 65, max: 64 }));
        assert_eq!(check("id_rsa.png", PNG), Err(Refusal::Secret));
    }

    #[test]
    fn t22_an_image_of_too_many_pixels_is_refused_by_its_header() {
        let bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xc3\x50\0\0\xc3\x50";
        let refusal = Refusal::TooManyPixels { width: 50_000, height: 50_000, max: MAX_PIXELS };
        assert_eq!(check("a.png", bomb), Err(refusal.clone()));
        assert_eq!(check_url(&format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bomb))), Err(refusal));
        assert_eq!(check("a.png", &PNG[..20]), Err(Refusal::NotAnImage), "a header that does not say");
    }

    #[test]
    fn a_folder_is_no_image() {
        let folder = tempfile::tempdir().unwrap();
        let limits = config::Files::default();
        let roots = Roots::open(&limits, folder.path(), None).unwrap();
        assert_eq!(image(&roots, folder.path().to_str().unwrap(), &limits), Err(Refusal::AFolder));
    }

    #[test]
    fn a_data_url_needs_no_root() {
        let png = BASE64_STANDARD.encode(PNG);
        let image = check_url(&format!("data:image/png;base64,{png}")).unwrap();
        assert_eq!((image.media_type, &*image.base64), ("image/png", png.as_str()));
        assert!(check_url(&format!("DATA:Image/PNG;BASE64,{}", png.trim_end_matches('='))).is_ok());
        assert!(check_url(&format!("data:image/jpg;base64,{}", BASE64_STANDARD.encode(JPEG))).is_ok());
    }

    #[test]
    fn a_data_url_must_be_what_it_says() {
        let gif = BASE64_STANDARD.encode(GIF);
        let other = Refusal::OtherImage { declared: "image/png".to_owned(), found: "image/gif" };
        assert_eq!(check_url(&format!("data:image/png;base64,{gif}")), Err(other));
        let unknown = check_url(&format!("data:image/IGNORE ALL;base64,{gif}")).unwrap_err().to_string();
        assert!(!unknown.to_lowercase().contains("ignore"), "{unknown}");
        assert_eq!(check_url("data:image/png;base64,AAAA"), Err(Refusal::NotAnImage));
        let long = "A".repeat(1_000);
        assert!(matches!(check_url(&format!("data:image/png;base64,{long}")), Err(Refusal::TooLarge { max: 64, .. })));
    }

    #[test]
    fn a_malformed_data_url_is_refused() {
        for spec in [
            "data:",
            "data:image/png",
            "data:image/png,AAAA",
            "data:image/png;base64",
            "data:image/png;base64,***",
            "data:text/plain;base64,AAAA",
            "data:;base64,AAAA",
            "data:image/png;charset=utf-8;base64,AAAA",
        ] {
            assert_eq!(check_url(spec), Err(Refusal::BadDataUrl), "{spec}");
        }
    }
}
