//! The keyring of the operating system, where zen is built with the feature `keyring`: on Linux the kernel's, which keeps
//! a user's keys in memory until the last log-out. Without the feature, and elsewhere, it holds nothing.

use crate::secret::Secret;

/// The key that is called `zen:<provider>` there. None where there is none, or none that this process may read.
#[cfg(all(feature = "keyring", target_os = "linux"))]
pub fn find(provider: &str) -> Option<Secret> {
    use linux_keyutils::{KeyRing, KeyRingIdentifier};

    let keys = KeyRing::from_special_id(KeyRingIdentifier::User, false).ok()?;
    let key = keys.search(&name(provider)).ok()?.read_to_vec().ok()?;
    String::from_utf8(key).ok().map(|key| Secret::new(key.trim()))
}

#[cfg(not(all(feature = "keyring", target_os = "linux")))]
pub fn find(_: &str) -> Option<Secret> {
    None
}

#[cfg(all(feature = "keyring", target_os = "linux"))]
fn name(provider: &str) -> String {
    format!("zen:{provider}")
}

#[cfg(all(test, feature = "keyring", target_os = "linux"))]
mod tests {
    use linux_keyutils::{KeyRing, KeyRingIdentifier};

    use super::*;

    #[test]
    fn a_key_is_found_by_its_providers_name_alone() {
        let provider = format!("test-{}", uuid::Uuid::new_v4());
        assert_eq!(find(&provider), None);
        let keys = KeyRing::from_special_id(KeyRingIdentifier::User, true).expect("a keyring");
        let key = keys.add_key(&name(&provider), b"sk-in-the-kernel\n").expect("room for a key");
        let found = find(&provider);
        keys.unlink_key(key).expect("taken out again");
        assert_eq!(found.as_ref().map(Secret::expose), Some("sk-in-the-kernel"));
        assert_eq!(find(&provider), None);
    }
}
