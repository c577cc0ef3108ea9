//! Resizing and 8-bit conversion of images.

use amdm::error::Code;
use amdm_diffusion::pixels::{Filter, from_rows, resize, to_rows};
use amdm_diffusion::{Device, Tensor};

const FILTERS: [Filter; 5] =
    [Filter::NearestExact, Filter::Bilinear, Filter::Area, Filter::Bicubic, Filter::Lanczos];

fn ramp(device: &Device) -> Tensor {
    Tensor::from_f32(device, &[1, 1, 4, 1], vec![0.0, 0.25, 0.5, 1.0]).unwrap()
}

fn scaled(image: &Tensor, width: u32, filter: Filter) -> Vec<f32> {
    resize(image, width, 1, filter).unwrap().to_f32().unwrap()
}

fn assert_close(found: &[f32], expected: &[f32]) {
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close && found.len() == expected.len(), "{found:?}, expected {expected:?}");
}

#[test]
fn filters_follow_torch() {
    // torch.nn.functional.interpolate with the mode of that name on [0, .25, .5, 1].
    let ramp = ramp(&Device::cpu(1).unwrap());
    assert_close(&scaled(&ramp, 2, Filter::NearestExact), &[0.25, 1.0]);
    assert_close(&scaled(&ramp, 2, Filter::Bilinear), &[0.125, 0.75]);
    assert_close(&scaled(&ramp, 2, Filter::Area), &[0.125, 0.75]);
    assert_close(
        &scaled(&ramp, 8, Filter::Bilinear),
        &[0.0, 0.0625, 0.1875, 0.3125, 0.4375, 0.625, 0.875, 1.0],
    );
}

#[test]
fn a_plain_image_stays_plain() {
    for device in [Device::cpu(1).unwrap(), Device::reference(1).unwrap()] {
        for channels in [1, 3, 4] {
            for filter in FILTERS {
                let image = from_rows(&device, 5, 4, channels, &vec![51; 20 * channels as usize]);
                let found = resize(&image.unwrap(), 7, 3, filter).unwrap();
                assert_eq!(found.extents(), [1, 3, 7, channels]);
                let values = found.to_f32().unwrap();
                // Bytes weighted with a low opacity and back lose up to one step.
                let bytes = filter == Filter::Lanczos && channels == 4;
                let near = if bytes { 1.1 / 255.0 } else { 1e-6 };
                let plain = values.iter().all(|value| (value - 0.2).abs() < near);
                assert!(plain, "{filter:?}: {values:?}");
            }
        }
    }
}

#[test]
fn bytes_survive_a_round_trip_and_values_are_cut_down() {
    let device = Device::cpu(1).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(768).collect();
    assert_eq!(to_rows(&from_rows(&device, 16, 16, 3, &bytes).unwrap()).unwrap(), [bytes]);
    let values = vec![-1.0, 2.0, f32::NAN, 1.99 / 255.0];
    let image = Tensor::from_f32(&device, &[2, 1, 2, 1], values).unwrap();
    assert_eq!(to_rows(&image).unwrap(), [[0, 255], [0, 1]]);
}

#[test]
fn what_is_no_image_is_an_error() {
    let device = Device::cpu(1).unwrap();
    let flat = Tensor::from_f32(&device, &[4, 4], vec![0.0; 16]).unwrap();
    assert_eq!(to_rows(&flat).unwrap_err().code, Code::InvalidInput);
    let ramp = ramp(&device);
    assert_eq!(resize(&ramp, 0, 1, Filter::Area).unwrap_err().code, Code::InvalidInput);
    let huge = resize(&ramp, u32::MAX, u32::MAX, Filter::Area);
    assert_eq!(huge.unwrap_err().code, Code::LimitExceeded);
    assert_eq!(from_rows(&device, 2, 2, 3, &[0; 5]).unwrap_err().code, Code::InvalidInput);
}

/// `Image.resize` of Pillow 13 with `LANCZOS`, of grey pictures and of one with transparency; the
/// first one is made smaller along the height first.
#[test]
fn lanczos_follows_pillow() {
    let grey = |width: u32, height: u32| -> Vec<u8> {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        places.map(|(x, y)| ((x * x * 37 + y * y * 91 + x * y * 5) % 256) as u8).collect()
    };
    let clear = [0, 255, 128, 40];
    let pixel = |x: u32, y: u32| {
        let colours = [(x * 60 + y * 9) % 256, (y * 70 + x) % 256, (x * y * 25) % 256];
        colours.map(|colour| colour as u8).into_iter().chain([clear[((x + y) % 4) as usize]])
    };
    let colour: Vec<u8> = (0..4).flat_map(|y| (0..4).flat_map(move |x| pixel(x, y))).collect();
    type Case = (u32, [u32; 4], Vec<u8>, &'static [u8]);
    let cases: [Case; 3] = [
        (
            1,
            [12, 10, 13, 6],
            grey(12, 10),
            &[
                42, 68, 181, 141, 118, 112, 102, 83, 79, 127, 118, 66, 76, 87, 135, 122, 186, 255,
                81, 101, 234, 220, 230, 78, 34, 70, 126, 166, 167, 112, 116, 125, 130, 123, 150,
                154, 76, 159, 45, 232, 58, 132, 126, 106, 222, 222, 130, 194, 220, 96, 106, 108,
                141, 107, 108, 77, 88, 145, 171, 169, 177, 175, 136, 113, 162, 203, 32, 149, 158,
                195, 106, 56, 123, 103, 87, 104, 90, 139,
            ],
        ),
        (
            1,
            [9, 9, 5, 4],
            grey(9, 9),
            &[
                70, 159, 138, 107, 141, 128, 163, 144, 131, 207, 153, 103, 150, 180, 172, 121, 98,
                120, 168, 170,
            ],
        ),
        (
            4,
            [4, 4, 3, 3],
            colour,
            &[
                29, 31, 2, 121, 81, 13, 6, 190, 191, 0, 0, 16, 21, 95, 6, 190, 88, 55, 22, 23, 201,
                136, 150, 95, 47, 255, 15, 16, 147, 220, 153, 95, 184, 189, 175, 206,
            ],
        ),
    ];
    let device = Device::cpu(1).unwrap();
    for (channels, [width, height, new_width, new_height], bytes, expected) in cases {
        let image = from_rows(&device, width, height, channels, &bytes).unwrap();
        let found = resize(&image, new_width, new_height, Filter::Lanczos).unwrap();
        assert_eq!(to_rows(&found).unwrap(), [expected]);
    }
}
