;; A step operator that crashes.
(module
  (import "[export]amdm:node/step-operators@0.1.0" "[resource-new]operator"
    (func $new (param i32) (result i32)))
  @COMMON@
  @DESCRIBE@
  @OPERATOR@
  (func (export "amdm:node/step-operators@0.1.0#[method]operator.apply")
    (param $self i32) (param $phase i32) (param $context i32) (result i32)
    (unreachable))
)
