;; A pack that imports what no contract has.
(module
  (import "acme:other/wishes" "wish" (func $wish ))
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $wish)
    (call $done))
)
