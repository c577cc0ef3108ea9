;; A step operator that calls itself without end.
(module
  (import "[export]amdm:node/step-operators@0.1.0" "[resource-new]operator"
    (func $new (param i32) (result i32)))
  @COMMON@
  @DESCRIBE@
  @OPERATOR@
  (func $deeper (param i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "amdm:node/step-operators@0.1.0#[method]operator.apply")
    (param $self i32) (param $phase i32) (param $context i32) (result i32)
    (call $deeper (i32.const 0)))
)
