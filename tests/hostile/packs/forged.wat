;; A node that makes a value of a kind that only the host makes.
(module
  (import "amdm:node/objects@0.1.0" "[static]object.create" (func $create (param i32 i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "STEP_POLICY")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $create (i32.const 1024) (i32.const 11) (i32.const 256) (i32.const 0) (i32.const 96))
    (i32.const 96))
)
