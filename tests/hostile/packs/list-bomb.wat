;; A node that appends a list to itself until it is refused.
(module
  (import "amdm:node/objects@0.1.0" "[static]object.create" (func $create (param i32 i32 i32 i32 i32)))
  (import "amdm:node/objects@0.1.0" "[method]object.append" (func $append (param i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "a")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $create (i32.const 1024) (i32.const 1) (i32.const 256) (i32.const 0) (i32.const 96))
    (loop $again
      (call $append (i32.load (i32.const 100)) (i32.load (i32.const 100)) (i32.const 96))
      (br_if $again (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.const 96))
)
