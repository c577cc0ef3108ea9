//! What pkg-config and CMake read. All paths are relative to the file that says them.

use super::layout::Place;

/// Version of the library, as of all of this workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Paths below the prefix, and texts.
#[must_use]
pub fn files(shared: &Place) -> Vec<(&'static str, String)> {
    vec![
        ("lib/pkgconfig/amdm.pc", pkg_config(shared)),
        ("lib/cmake/amdm/amdm-config.cmake", cmake(shared)),
        ("lib/cmake/amdm/amdm-config-version.cmake", cmake_version()),
    ]
}

fn pkg_config(shared: &Place) -> String {
    let system = shared.system;
    // Where there is no link for linkers, `-lamdm` is the static library.
    let (public, private) = match shared.link {
        Some(_) => (String::new(), system.to_owned()),
        None => (format!(" {system}"), String::new()),
    };
    format!(
        "prefix=${{pcfiledir}}/../..\n\
         includedir=${{prefix}}/include\n\
         libdir=${{prefix}}/lib\n\
         \n\
         Name: amdm\n\
         Description: Runs node graphs that aggregate diffusion models\n\
         Version: {VERSION}\n\
         Cflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lamdm{public}\n\
         Libs.private: {private}\n"
    )
}

fn cmake(shared: &Place) -> String {
    let system = shared.system.replace("-l", "").replace(' ', ";");
    let (archive, path) = match shared.link {
        Some(_) => ("libamdm.a", shared.path),
        None => ("amdm.lib", shared.path),
    };
    let kind = if shared.link.is_some() { "SHARED" } else { "MODULE" };
    let name = path.rsplit('/').next().unwrap_or(path);
    format!(
        "# Targets amdm::amdm (shared) and amdm::static, in CMake 3.13 and later.\n\
         get_filename_component(_amdm \"${{CMAKE_CURRENT_LIST_DIR}}/../../..\" ABSOLUTE)\n\
         if(NOT TARGET amdm::amdm)\n\
         \x20 add_library(amdm::amdm {kind} IMPORTED)\n\
         \x20 set_target_properties(amdm::amdm PROPERTIES\n\
         \x20   IMPORTED_LOCATION \"${{_amdm}}/{path}\"\n\
         \x20   IMPORTED_SONAME \"{name}\"\n\
         \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_amdm}}/include\")\n\
         endif()\n\
         if(NOT TARGET amdm::static AND EXISTS \"${{_amdm}}/lib/{archive}\")\n\
         \x20 add_library(amdm::static STATIC IMPORTED)\n\
         \x20 set_target_properties(amdm::static PROPERTIES\n\
         \x20   IMPORTED_LOCATION \"${{_amdm}}/lib/{archive}\"\n\
         \x20   INTERFACE_INCLUDE_DIRECTORIES \"${{_amdm}}/include\"\n\
         \x20   INTERFACE_LINK_LIBRARIES \"{system}\")\n\
         endif()\n\
         unset(_amdm)\n"
    )
}

fn cmake_version() -> String {
    format!(
        "set(PACKAGE_VERSION \"{VERSION}\")\n\
         if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE FALSE)\n\
         else()\n\
         \x20 set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         \x20 if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)\n\
         \x20   set(PACKAGE_VERSION_EXACT TRUE)\n\
         \x20 endif()\n\
         endif()\n"
    )
}
