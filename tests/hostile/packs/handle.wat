;; A node that uses a handle it does not own.
(module
  (import "amdm:node/tensors@0.1.0" "[method]tensor.affine" (func $affine (param i32 f64 f64 i32)))
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $affine (i32.const 12345) (f64.const 1) (f64.const 1) (i32.const 96))
    (i32.const 96))
)
