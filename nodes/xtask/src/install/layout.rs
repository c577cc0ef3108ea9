//! Which file goes where, by the name that cargo gives it: `libamdm_capi.so` and its kin.
//!
//! The number in a library's name is the major version of its interface; programs ask for that name.

use std::path::Path;

/// Where a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Below the prefix.
    pub path: &'static str,
    /// A link to it, under the name that linkers look for.
    pub link: Option<&'static str>,
    /// A shared library.
    pub shared: bool,
    /// What a program that links the static library needs besides.
    pub system: &'static str,
}

const LINUX: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl";
const MACOS: &str = "-liconv -lSystem -lm";
const WINDOWS: &str = "-lkernel32 -lntdll -luserenv -lws2_32 -ldbghelp";

/// The place of a file; none of what is not installed.
#[must_use]
pub fn place(file: &Path) -> Option<Place> {
    let (path, link, shared, system) = match file.file_name()?.to_str()? {
        "libamdm_capi.so" => ("lib/libamdm.so.1", Some("lib/libamdm.so"), true, LINUX),
        "libamdm_capi.dylib" => ("lib/libamdm.1.dylib", Some("lib/libamdm.dylib"), true, MACOS),
        // Programs load it and ask amdm_get_api, or link the static library.
        "amdm_capi.dll" => ("bin/amdm.dll", None, true, WINDOWS),
        "libamdm_capi.a" => ("lib/libamdm.a", None, false, ""),
        "amdm_capi.lib" => ("lib/amdm.lib", None, false, ""),
        _ => return None,
    };
    Some(Place { path, link, shared, system })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::place;

    #[test]
    fn every_system_has_its_names() {
        let path = |name: &str| place(Path::new("target/debug").join(name).as_path());
        let path = |name: &str| path(name).map(|place| (place.path, place.link));
        assert_eq!(path("libamdm_capi.so"), Some(("lib/libamdm.so.1", Some("lib/libamdm.so"))));
        let macos = Some(("lib/libamdm.1.dylib", Some("lib/libamdm.dylib")));
        assert_eq!(path("libamdm_capi.dylib"), macos);
        assert_eq!(path("amdm_capi.dll"), Some(("bin/amdm.dll", None)));
        assert_eq!(path("libamdm_capi.a"), Some(("lib/libamdm.a", None)));
        assert_eq!(path("libamdm_capi.rlib"), None);
        assert_eq!(path("amdm_capi.dll.lib"), None);
    }
}
