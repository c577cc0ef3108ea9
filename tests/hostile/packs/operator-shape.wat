;; A step operator that gives a lane a latent of another shape.
(module
  (import "[export]amdm:node/step-operators@0.1.0" "[resource-new]operator"
    (func $new (param i32) (result i32)))
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/sampling@0.1.0" "[method]step-context.set-latent" (func $set-latent (param i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  @OPERATOR@
  ;; A shape [64].
  (data (i32.const 1024) "\40\00\00\00")
  (func (export "amdm:node/step-operators@0.1.0#[method]operator.apply")
    (param $self i32) (param $phase i32) (param $context i32) (result i32)
    (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 2048) (i32.const 64) (i32.const 96))
    (call $set-latent (local.get $context) (i32.const 0) (i32.load (i32.const 100)) (i32.const 96))
    (i32.const 96))
)
