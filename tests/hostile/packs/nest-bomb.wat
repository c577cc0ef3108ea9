;; A node that puts an object into an object without end: dropping them recurses.
(module
  (import "amdm:node/objects@0.1.0" "[static]object.create" (func $create (param i32 i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "a")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $create (i32.const 1024) (i32.const 1) (i32.const 256) (i32.const 0) (i32.const 96))
    (loop $again
      (i32.store (i32.const 256) (i32.const 1024))
      (i32.store (i32.const 260) (i32.const 1))
      (i32.store (i32.const 264) (i32.const 6))
      (i32.store (i32.const 272) (i32.load (i32.const 100)))
      (call $create (i32.const 1024) (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 96))
      (br_if $again (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.const 96))
)
