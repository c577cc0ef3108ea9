//! Which file runs which node.
#![allow(missing_docs)]

use alloc::boxed::Box;

use amdm_sdk::{Call, Error, Operator};

amdm_sdk::pack!(Standard, "../../wit");

/// Functions of the trait that only hand on to the file of the node, by folder.
macro_rules! nodes {
    ($($folder:ident: $($node:ident)*;)*) => { $($(
        fn $node(inputs: $node::Inputs, call: &Call) -> Result<$node::Outputs, Error> {
            crate::$folder::$node::run(inputs, call)
        }
    )*)* };
}

impl Nodes for Standard {
    nodes! {
        models: model_loader checkpoint_loader_simple;
        text: clip_text_encode clip_set_last_layer;
        codec: vae_decode vae_encode vae_decode_tiled vae_encode_tiled vae_encode_for_inpaint
               vae_loader;
        conditioning: bounding_box tiny_layout tiny_attributes tiny_style condition_json
               conditioning_combine conditioning_concat conditioning_average
               conditioning_zero_out conditioning_set_area conditioning_set_area_percentage
               conditioning_set_area_strength conditioning_set_mask
               conditioning_set_timestep_range;
        sampling: empty_latent lane sampler k_sampler k_sampler_advanced decode_latent
                  encode_image latent_from_batch;
        image: image_from_batch load_image image_scale image_scale_by image_label text_image
               draw_boxes image_grid image_scale_to_total_pixels image_crop image_pad_for_outpaint
               image_blend image_batch image_blur image_sharpen image_invert
               image_composite_masked empty_image get_image_size join_image_with_alpha
               split_image_with_alpha porter_duff_image_composite canny;
        mask: load_image_mask solid_mask invert_mask crop_mask mask_composite feather_mask grow_mask
              threshold_mask mask_to_image image_to_mask image_color_to_mask;
        latent: empty_latent_image latent_upscale latent_upscale_by repeat_latent_batch
                latent_batch latent_composite latent_composite_masked
                latent_blend latent_crop latent_flip latent_rotate latent_add latent_subtract
                latent_multiply latent_interpolate set_latent_noise_mask;
        values: preview_any;
    }

    fn save_image(inputs: save_image::Inputs, call: &Call) -> Result<(), Error> {
        crate::image::save_image::run(inputs, call)
    }

    fn save_latent(inputs: save_latent::Inputs, call: &Call) -> Result<(), Error> {
        crate::latent::save_latent::run(inputs, call)
    }

    fn preview_image(inputs: preview_image::Inputs, call: &Call) -> Result<(), Error> {
        crate::image::preview_image::run(inputs, call)
    }

    fn primitive_int(
        inputs: primitive_int::Inputs,
        _: &Call,
    ) -> Result<primitive_int::Outputs, Error> {
        Ok(crate::values::primitive::int(inputs))
    }

    fn primitive_float(
        inputs: primitive_float::Inputs,
        _: &Call,
    ) -> Result<primitive_float::Outputs, Error> {
        Ok(crate::values::primitive::float(inputs))
    }

    fn primitive_string(
        inputs: primitive_string::Inputs,
        _: &Call,
    ) -> Result<primitive_string::Outputs, Error> {
        Ok(crate::values::primitive::string(inputs))
    }

    fn primitive_string_multiline(
        inputs: primitive_string_multiline::Inputs,
        _: &Call,
    ) -> Result<primitive_string_multiline::Outputs, Error> {
        Ok(crate::values::primitive::paragraphs(inputs))
    }

    fn primitive_boolean(
        inputs: primitive_boolean::Inputs,
        _: &Call,
    ) -> Result<primitive_boolean::Outputs, Error> {
        Ok(crate::values::primitive::boolean(inputs))
    }

    fn aggregate_step(
        inputs: aggregate_step::Inputs,
        call: &Call,
    ) -> Result<Box<dyn Operator>, Error> {
        crate::operators::aggregate_step::run(inputs, call)
    }

    fn manifold_refine(
        inputs: manifold_refine::Inputs,
        call: &Call,
    ) -> Result<Box<dyn Operator>, Error> {
        crate::operators::manifold_refine::run(inputs, call)
    }
}
