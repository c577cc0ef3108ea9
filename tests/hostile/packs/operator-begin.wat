;; A step operator that plays the sampler.
(module
  (import "[export]amdm:node/step-operators@0.1.0" "[resource-new]operator"
    (func $new (param i32) (result i32)))
  (import "amdm:node/sampling@0.1.0" "[method]step-context.begin" (func $begin (param i32 i32 f64 f64 f64 f64 f64 f64)))
  @COMMON@
  @DESCRIBE@
  @OPERATOR@
  (func (export "amdm:node/step-operators@0.1.0#[method]operator.apply")
    (param $self i32) (param $phase i32) (param $context i32) (result i32)
    (call $begin (local.get $context) (i32.const 0) (f64.const 0) (f64.const 1) (f64.const 0)
      (f64.const 0) (f64.const 1) (f64.const 0))
    (call $done))
)
