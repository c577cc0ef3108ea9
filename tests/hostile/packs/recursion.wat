;; A node that calls itself without end.
(module
  @COMMON@
  @DESCRIBE@
  (func $deeper (param i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $deeper (i32.const 0)))
)
