//! What pkg-config and CMake read. All paths are relative to the file that says them.
//!
//! Programs ask for the version of the library. Its major number changes whenever that of the
//! interface does, so one of the same major number and a higher rest will do; `0` is a major number
//! as any other.

use super::layout::Layout;

/// Version of the library, as of all of this workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Paths below the prefix, and texts.
#[must_use]
pub fn files(layout: &Layout) -> Vec<(&'static str, String)> {
    let archive = layout.archive.as_ref().map(|archive| {
        let linked = format!("${{prefix}}/{} {}", archive.path, layout.system.libraries());
        ("lib/pkgconfig/amdm-static.pc", pkg_config("amdm-static", &linked))
    });
    let mut files = vec![
        ("lib/pkgconfig/amdm.pc", pkg_config("amdm", "-L${libdir} -lamdm")),
        ("lib/cmake/amdm/amdm-config.cmake", cmake(layout)),
        ("lib/cmake/amdm/amdm-config-version.cmake", cmake_version()),
    ];
    files.extend(archive);
    files
}

/// Of prefixes with blanks pkg-config escapes them by itself.
fn pkg_config(name: &str, linked: &str) -> String {
    format!(
        "prefix=${{pcfiledir}}/../..\n\
         includedir=${{prefix}}/include\n\
         libdir=${{prefix}}/lib\n\
         \n\
         Name: {name}\n\
         Description: Runs node graphs that aggregate diffusion models\n\
         Version: {VERSION}\n\
         Cflags: -I${{includedir}}\n\
         Libs: {linked}\n"
    )
}

fn cmake(layout: &Layout) -> String {
    let shared = layout.shared.path;
    let soname = layout.system.soname();
    let soname = soname.map(|name| format!("\x20   IMPORTED_SONAME \"{name}\"\n"));
    let import = layout.import.as_ref();
    let import = import.map(|at| format!("\x20   IMPORTED_IMPLIB \"${{_amdm}}/{}\"\n", at.path));
    let named = soname.unwrap_or_default() + &import.unwrap_or_default();
    let archive = layout.archive.as_ref().map(|archive| {
        let (path, libraries) = (archive.path, layout.system.libraries());
        let libraries = libraries.replace("-l", "").replace(' ', ";");
        format!(
            "if(NOT TARGET amdm::static)\n\
             \x20 add_library(amdm::static STATIC IMPORTED)\n\
             \x20 set_target_properties(amdm::static PROPERTIES\n\
             \x20   IMPORTED_LOCATION \"${{_amdm}}/{path}\"\n\
             \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_amdm}}/include\"\n\
             \x20   INTERFACE_LINK_LIBRARIES \"{libraries}\")\n\
             endif()\n"
        )
    });
    let archive = archive.unwrap_or_default();
    format!(
        "# Targets amdm::amdm (shared) and amdm::static, in CMake 3.13 and later.\n\
         get_filename_component(_amdm \"${{CMAKE_CURRENT_LIST_DIR}}/../../..\" ABSOLUTE)\n\
         if(NOT TARGET amdm::amdm)\n\
         \x20 add_library(amdm::amdm SHARED IMPORTED)\n\
         \x20 set_target_properties(amdm::amdm PROPERTIES\n\
         \x20   IMPORTED_LOCATION \"${{_amdm}}/{shared}\"\n\
         {named}\
         \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_amdm}}/include\")\n\
         endif()\n\
         {archive}\
         unset(_amdm)\n"
    )
}

fn cmake_version() -> String {
    let major = VERSION.split('.').next().unwrap_or(VERSION);
    format!(
        "# The same major version, and not an older one than is asked for.\n\
         set(PACKAGE_VERSION \"{VERSION}\")\n\
         set(PACKAGE_VERSION_COMPATIBLE FALSE)\n\
         if(PACKAGE_FIND_VERSION_RANGE)\n\
         \x20 if(PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION_MIN\n\
         \x20     AND ((PACKAGE_FIND_VERSION_RANGE_MAX STREQUAL \"INCLUDE\"\n\
         \x20         AND PACKAGE_VERSION VERSION_LESS_EQUAL PACKAGE_FIND_VERSION_MAX)\n\
         \x20       OR (PACKAGE_FIND_VERSION_RANGE_MAX STREQUAL \"EXCLUDE\"\n\
         \x20         AND PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION_MAX)))\n\
         \x20   set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         \x20 endif()\n\
         elseif(NOT PACKAGE_FIND_VERSION)\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         elseif(PACKAGE_FIND_VERSION_MAJOR EQUAL {major}\n\
         \x20   AND PACKAGE_VERSION VERSION_GREATER_EQUAL PACKAGE_FIND_VERSION)\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         \x20 if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)\n\
         \x20   set(PACKAGE_VERSION_EXACT TRUE)\n\
         \x20 endif()\n\
         endif()\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::{Path, PathBuf};

    use super::{cmake, files};
    use crate::install::layout::Layout;

    fn layout(names: &[&str]) -> Layout {
        let files = names.iter().map(|name| Path::new(name).to_path_buf());
        Layout::of(&files.collect::<Vec<PathBuf>>()).unwrap()
    }

    #[test]
    fn targets_name_what_is_installed() {
        let linux = cmake(&layout(&["libamdm_capi.so"]));
        assert!(linux.contains("IMPORTED_SONAME \"libamdm.so.1\""), "{linux}");
        assert!(!linux.contains("amdm::static STATIC"), "{linux}");
        let macos = cmake(&layout(&["libamdm_capi.dylib", "libamdm_capi.a"]));
        // As build.rs of the library says.
        assert!(macos.contains("IMPORTED_SONAME \"@rpath/libamdm.1.dylib\""), "{macos}");
        let mingw = cmake(&layout(&["amdm_capi.dll", "libamdm_capi.dll.a", "libamdm_capi.a"]));
        for text in [
            "amdm::amdm SHARED IMPORTED",
            "IMPORTED_LOCATION \"${_amdm}/bin/amdm_capi.dll\"",
            "IMPORTED_IMPLIB \"${_amdm}/lib/libamdm.dll.a\"",
            "IMPORTED_LOCATION \"${_amdm}/lib/libamdm.a\"",
            "\"kernel32;ntdll;userenv;ws2_32;dbghelp\"",
        ] {
            assert!(mingw.contains(text), "{text}: {mingw}");
        }
        assert!(!mingw.contains("SONAME"), "{mingw}");
        let msvc = cmake(&layout(&["amdm_capi.dll", "amdm_capi.dll.lib", "amdm_capi.lib"]));
        assert!(msvc.contains("IMPORTED_IMPLIB \"${_amdm}/lib/amdm.lib\""), "{msvc}");
        assert!(msvc.contains("IMPORTED_LOCATION \"${_amdm}/lib/amdm_static.lib\""), "{msvc}");
    }

    #[test]
    fn all_of_it_is_below_the_prefix() {
        let files = files(&layout(&["libamdm_capi.so"]));
        assert!(files.iter().all(|(path, _)| path.starts_with("lib/")));
    }
}
