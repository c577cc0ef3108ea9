//! The detector on images of which everything is known.

use std::path::PathBuf;

use safetensors::SafeTensors;

use crate::detector::read;
use crate::render::{Image, render};
use crate::scene::{Object, SIDE, Scene, Scenes, Shape, Style};
use crate::score::Score;

/// A circle whose saturated pixels fill a box of eight but for the corners is nearer to a square's
/// template: one image in some 400. Nothing else is ever misread.
#[test]
fn rendered_scenes_read_as_what_they_are() {
    let mut scenes = Scenes::new(1);
    let (mut squared, images) = (0, 2000);
    for index in 0..images {
        let scene = scenes.any();
        let reading = read(&render(&scene));
        let score = Score::new(&scene, &reading);
        let right = score.position && score.colour && score.style && score.valid;
        assert!(right, "scene {index}: {score:?}\n{scene:#?}\n{reading:#?}");
        for (object, found) in scene.objects.iter().zip(&reading.objects) {
            if found.shape != object.shape {
                assert_eq!((object.shape, found.shape), (Shape::Circle, Shape::Square));
                squared += 1;
            }
        }
    }
    assert!(squared * 200 <= images, "{squared} circles of {images} images read as squares");
}

#[test]
fn a_blank_image_shows_nothing() {
    let scene = Scenes::new(2).with_one_object();
    let blank = vec![[0.5; 3]; SIDE * SIDE];
    let reading = read(&blank);
    assert!(reading.objects.is_empty());
    assert_eq!(reading.style, Style::Flat);
    let score = Score::new(&scene, &reading);
    assert!(!score.position && !score.colour && !score.shape && !score.valid);
}

#[test]
fn properties_are_judged_one_by_one() {
    let scene = Scenes::new(3).with_one_object();
    let judge = |change: fn(&mut Object)| {
        let mut other = scene.clone();
        change(&mut other.objects[0]);
        let score = Score::new(&scene, &read(&render(&other)));
        (score.position, score.colour, score.shape, score.valid)
    };
    assert_eq!(judge(|_| {}), (true, true, true, true));
    let moved = judge(|object| object.x = if object.x < 16.0 { 25.0 } else { 7.0 });
    assert_eq!(moved, (false, true, true, true));
    let recoloured = judge(|object| object.colour = (object.colour + 1) % 6);
    assert_eq!(recoloured, (true, false, true, true));
    let other = |shape| if shape == Shape::Square { Shape::Circle } else { Shape::Square };
    let reshaped = match scene.objects[0].shape {
        Shape::Square => judge(|object| object.shape = Shape::Circle),
        _ => judge(|object| object.shape = Shape::Square),
    };
    assert_ne!(other(scene.objects[0].shape), scene.objects[0].shape);
    assert_eq!(reshaped, (true, true, false, true));
}

struct Recorded(Vec<u8>);

impl Recorded {
    fn open() -> Self {
        let root = std::env::var_os("AMDM_FIXTURES").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
            PathBuf::from,
        );
        Self(std::fs::read(root.join("tiny_family/io.safetensors")).unwrap())
    }

    fn words(&self, name: &str) -> Vec<[u8; 4]> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        file.tensor(name).unwrap().data().as_chunks().0.to_vec()
    }

    fn floats(&self, name: &str) -> Vec<f64> {
        self.words(name).into_iter().map(|word| f64::from(f32::from_le_bytes(word))).collect()
    }

    fn integers(&self, name: &str) -> Vec<usize> {
        self.words(name).into_iter().map(|word| i32::from_le_bytes(word) as usize).collect()
    }

    fn scene(&self, row: usize) -> Scene {
        let object = |slot: usize| {
            let at = row * 2 + slot;
            Object {
                x: self.floats("spec.cx")[at],
                y: self.floats("spec.cy")[at],
                half: self.floats("spec.r")[at],
                colour: self.integers("spec.col")[at],
                shape: Shape::ALL[self.integers("spec.shp")[at]],
            }
        };
        Scene {
            objects: (0..self.integers("spec.nobj")[row]).map(object).collect(),
            style: Style::ALL[self.integers("spec.sty")[row]],
            tone: self.floats("spec.tone")[row],
            amplitude: self.floats("spec.amp")[row],
            phase: [0, 1].map(|axis| self.integers("spec.ph")[row * 2 + axis]),
        }
    }

    fn image(&self, row: usize) -> Image {
        let plane = SIDE * SIDE;
        let values = &self.floats("image0")[row * 3 * plane..][..3 * plane];
        let pixel = |at: usize| [0, 1, 2].map(|channel| (values[channel * plane + at] + 1.0) / 2.0);
        (0..plane).map(pixel).collect()
    }
}

#[test]
fn recorded_images_are_drawn_and_read_as_their_specs_say() {
    let recorded = Recorded::open();
    for row in 0..3 {
        let (scene, image) = (recorded.scene(row), recorded.image(row));
        let gaps = render(&scene).into_iter().zip(&image);
        let gaps = gaps.flat_map(|(a, b)| [0, 1, 2].map(|channel| (a[channel] - b[channel]).abs()));
        let worst = gaps.fold(0.0, f64::max);
        assert!(worst < 1e-5, "image {row} is drawn {worst} off");
        let score = Score::new(&scene, &read(&image));
        let right = score.position && score.colour && score.shape && score.style && score.valid;
        assert!(right, "image {row}: {score:?}");
    }
}
