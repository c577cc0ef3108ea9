;; A pack of several memories, each below the bound of one instance.
(module
  @COMMON@
  @DESCRIBE@
  (memory $second @PAGES@)
  (memory $third @PAGES@)
  (func (export "amdm:node/nodes@0.1.0#execute") (param i32 i32 i32) (result i32) (call $done))
)
