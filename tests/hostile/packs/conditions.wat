;; A node that collects conditions without end, many in an object.
(module
  (import "amdm:node/models@0.1.0" "[static]model.load" (func $load (param i32 i32 i32 i32 i32)))
  (import "amdm:node/models@0.1.0" "[method]model.condition" (func $cond (param i32 i32 i32 i32 i32 i32)))
  (import "amdm:node/objects@0.1.0" "[static]object.create" (func $create (param i32 i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "tiny-layout")
  (data (i32.const 1100) "{\"boxes\":[[0,0,1,1]]}")
  (data (i32.const 1200) "a")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32) (result i32)
    (local $m i32) (local $i i32) (local $p i32)
    (drop (memory.grow (i32.const 64)))
    (call $load (i32.const 1024) (i32.const 11) (i32.const 0) (i32.const 0) (i32.const 96))
    (local.set $m (i32.load (i32.const 100)))
    (loop $outer
      (local.set $i (i32.const 0))
      (loop $inner
        (call $cond (local.get $m) (i32.const 1100) (i32.const 21) (i32.const 0) (i32.const 0) (i32.const 96))
        (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
        (local.set $p (i32.add (i32.const 1048576) (i32.mul (local.get $i) (i32.const 24))))
        (i32.store (local.get $p) (i32.const 1200))
        (i32.store (i32.add (local.get $p) (i32.const 4)) (i32.const 1))
        (i32.store8 (i32.add (local.get $p) (i32.const 8)) (i32.const 6))
        (i32.store (i32.add (local.get $p) (i32.const 16)) (i32.load (i32.const 100)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $inner (i32.lt_u (local.get $i) (i32.const 8000))))
      (call $create (i32.const 1200) (i32.const 1) (i32.const 1048576) (i32.const 8000) (i32.const 96))
      (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
      (br $outer))
    (unreachable)))
