package aspnet

import (
	"slices"

	"limier/internal/script"
)

// A call is a method, member or constructor of the .NET Framework being used.
type call struct {
	*host
	m    *script.Machine
	n    *script.Node
	recv script.Value
	name string // of the method or member, or of the class that is made; in lower case
	args []script.Value
}

func (c call) arg(i int) script.Value { return nth(c.args, i) }

// all is what the arguments stem from.
func (c call) all() script.Value { return script.Union(c.args...) }

// field is a field of the receiver.
func (c call) field(name string) script.Value { return c.recv.O.Fields[name] }

// A meaning says what a call does and gives. Where it returns false, the matter is
// the machine's. Meanings call others by way of the machine's host, for the tables
// of them cannot refer to themselves.
type meaning func(call) (script.Value, bool)

// of is data with labels, of a class unless that is "".
func of(l script.Label, class string) meaning {
	return func(c call) (script.Value, bool) { return c.source(c.m, c.n, l, class), true }
}

// instance is a new object of a class.
func instance(class string) meaning {
	return func(call) (script.Value, bool) { return script.Instance(class), true }
}

func (c call) nothing() (script.Value, bool) { return script.Value{}, true }

// whole is what the receiver stems from.
func (c call) whole() (script.Value, bool) { return script.Union(c.recv), true }

func (c call) itself() (script.Value, bool) { return c.recv, true }

// given is what the arguments stem from, whatever is done to them.
func (c call) given() (script.Value, bool) { return c.all(), true }

// withArgs is an object of the class of that name that holds its arguments.
func (c call) withArgs() (script.Value, bool) { return script.Instance(c.name, c.args...), true }

// only is a meaning under some names alone.
func only(f meaning, names ...string) meaning {
	return func(c call) (script.Value, bool) {
		if slices.Contains(names, c.name) {
			return f(c)
		}
		return script.Value{}, false
	}
}

// holding is an object of a class with a field.
func holding(class, field string, v script.Value) script.Value {
	o := script.Instance(class)
	o.O.Fields = map[string]script.Value{field: v}
	return o
}

// functions are called by their names alone.
var functions = script.Table(map[string]meaning{
	"<%=":                        call.shown,
	"callbyname":                 call.byName,
	"char":                       call.charCast,
	"createobject":               call.createObject,
	"eval execute executeglobal": call.eval,
	"function":                   call.functionOf,
	"getobject":                  call.getObject,
	"gettype":                    call.ofAnyone,
	"includepage renderpage":     call.nothing,
	"mappath":                    call.mappedPath,
	"parsecontrol parsetemplate": call.parseControl,
	"request session application viewstate cache": call.indexed,
	"shell": call.shell,
	"dir filecopy fileopen fileput fileputobject input inputstring kill lineinput mkdir print printline rename write writeline": call.visualBasic,

	"getprocaddress getexport": call.address,
	"createprocess createprocessasuser createprocesswithlogonw createprocesswithtokenw shellexecute shellexecutea shellexecutew system winexec": call.system,
})

// named are methods of which the name alone says what they do, whoever has them.
var named = script.Table(map[string]meaning{
	"acceptwebsocketasync": instance("websocket"),
	"createconnection":     instance("sqlconnection"),
	"emit":                 call.emit,
	"addfromstring executeexcel4macro executeshellcommand execscript": call.office,
	"extractall extracttodirectory extracttofile":                     call.extract,
	"loadmodule":         call.loadModule,
	"find":               call.findGroup,
	"gettype":            call.getType,
	"loadfromstream":     call.loadFromStream,
	"saveas copytoasync": call.saveUpload,
})

// methods are those of objects, by their class.
var methods = script.Table(map[string]meaning{
	// The request and what answers it.
	"request httprequest httprequestbase httplistenerrequest": call.requestCall,
	"request.collection":                        of(fromRequest, ""),
	"files httpfilecollection":                  of(fromUpload, "httppostedfile"),
	"response httpresponse":                     call.responseCall,
	"server httpserverutility":                  call.serverCall,
	"session application cache viewstate items": call.storeCall,
	"httpcontext":                               only(call.nothing, "getsection"),
	"textbox list control":                      call.nothing,
	"websocket":                                 call.webSocketCall,
	"httplistener":                              call.listenerCall,

	// Processes.
	"process":                         call.processCall,
	"stdin":                           call.stdinCall,
	"stdout":                          call.nothing,
	"wscript.shell shell.application": call.shellCall,
	"wmi wbemscripting.swbemlocator":  call.wmiCall,
	"winnt":                           call.accountCall,
	"powershell pipeline runspace runspacefactory runspaceinvoke commandcollection": call.powershellCall,
	"managementclass managementobject":                                              call.managementCall,
	"processstartinfo":                                                              only(call.addArgument, "add"),
	"schedule.service":                                                              call.itself,
	"administrators":                                                                call.administratorsCall,

	// Code made at run time.
	"assembly":                            call.assemblyCall,
	"appdomain":                           call.domainCall,
	"comtype":                             only(call.invokeMember, "invokemember"),
	"type":                                call.typeCall,
	"methodinfo":                          call.invoke,
	"python jscriptengine vbscriptengine": only(call.engineCall, "execute", "evaluate", "executecommand"),
	"propertyinfo":                        call.propertyCall,
	"constructorinfo":                     call.constructorCall,
	"codedomprovider csharpcodeprovider vbcodeprovider icodecompiler":                           call.compilerCall,
	"scriptcontrol msscriptcontrol.scriptcontrol":                                               call.scriptControlCall,
	"xslcompiledtransform xsltransform":                                                         call.transformCall,
	"objectdatasource objectdataprovider":                                                       call.dataSourceCall,
	"losformatter objectstateformatter binaryformatter netdatacontractserializer soapformatter": call.formatterCall,
	"xmlserializer datacontractserializer datacontractjsonserializer javascriptserializer":      call.serializerCall,

	// Files and data.
	"filewriter":                       call.writerCall,
	"directoryinfo fileinfo":           call.fileInfoCall,
	"scripting.filesystemobject":       call.fileStatic,
	"xmldocument xpathdocument xmldom": call.documentCall,
	"adodb.stream":                     call.adodbStreamCall,
	"registry registrykey":             call.registryCall,
	"sqlconnection oledbconnection odbcconnection mysqlconnection oracleconnection": call.connectionCall,
	"sqlcommand oledbcommand odbccommand mysqlcommand oraclecommand":                call.commandCall,
	"adodb.connection": call.adodbConnectionCall,
	"sqldataadapter oledbdataadapter odbcdataadapter mysqldataadapter": call.nothing,
	"sqldatareader oledbdatareader":                                    of(fromData, ""),

	// Other servers.
	"tcpclient socket udpclient":  call.socketCall,
	"networkstream":               call.streamCall,
	"webclient":                   call.webClientCall,
	"httpwebrequest webrequest":   call.webRequestCall,
	"httpwebresponse webresponse": of(fromRemote, ""),
	"smtpclient":                  call.smtpCall,
	"mailmessage":                 call.mailCall, // and its lists of addresses
})

// statics are static methods, by their class.
var statics = script.Table(map[string]meaning{
	"this me my page base mybase":                  call.free,
	"httpruntime":                                  call.nothing,
	"hostingenvironment":                           call.hostingStatic,
	"machinekeysection":                            of(secret, ""),
	"configurationmanager webconfigurationmanager": call.configurationStatic,
	"convert": call.convertStatic,
	"regex":   call.regexStatic,
	"string":  call.stringStatic,

	"process":                                call.processStatic,
	"interaction visualbasic":                call.interactionStatic,
	"powershell runspacefactory scriptblock": call.powershellStatic,
	"groupprincipal":                         call.findGroup,
	"marshal":                                call.marshalStatic,

	"assembly appdomain currentdomain": call.assemblyStatic,
	"thread":                           only(instance("appdomain"), "getdomain"),
	"activator":                        call.activatorStatic,
	"type":                             call.typeStatic,
	"delegate":                         call.delegateStatic,
	"expression":                       call.expressionStatic,
	"eval jscriptevaluator":            call.jscriptStatic,
	"csharpscript visualbasicscript":   call.roslynStatic,
	"razor":                            only(call.roslynStatic, "parse", "compile", "runcompile"),
	"python":                           only(instance("python"), "createengine"),
	"csharpsyntaxtree vbsyntaxtree syntaxfactory": call.syntaxStatic,
	"codedomprovider":         instance("codedomprovider"),
	"xamlreader xamlservices": call.xamlStatic,
	"jsonconvert":             call.jsonStatic,

	"file directory filesystem":    call.fileStatic,
	"path":                         call.pathStatic,
	"zipfile":                      call.zipStatic,
	"driveinfo":                    call.driveStatic,
	"environment":                  call.environmentStatic,
	"xdocument xelement xmlreader": call.documentStatic,
	"xmlwriter":                    only(call.newStream, "create"),
	"registry registrykey":         call.registryCall,
	"dbproviderfactories":          instance("dbproviderfactory"),

	"network":                   call.webClientCall, // of My.Computer
	"webrequest httpwebrequest": call.webRequestStatic,
	"dns":                       call.dnsStatic,
})

// members are fields and properties of objects, by their class.
var members = script.Table(map[string]meaning{
	"httpcontext httpapplication httplistenercontext controllercontext httpcontextbase": call.contextMember,
	"aspnetwebsocketcontext httplistenerwebsocketcontext websocketcontext":              call.webSocketMember,
	"request httprequest httprequestbase httplistenerrequest httprequestmessage":        call.requestMember,
	"request.collection":       call.collectionMember,
	"files httpfilecollection": call.filesMember,
	"fileupload httppostedfile httppostedfilebase iformfile uploadedfile": call.uploadMember,
	"response":              call.responseMember,
	"server user eventargs": call.nothing,
	"exception":             call.whole,
	"session application cache viewstate items": call.storeMember,
	"uri":       call.uriMember,
	"textbox":   call.textBoxMember,
	"list":      call.listMember,
	"control":   call.controlMember,
	"routedata": of(fromRequest, "request.collection"),
	"commandeventargs gridviewcommandeventargs repeatercommandeventargs datagridcommandeventargs datalistcommandeventargs gridviewdeleteeventargs": of(fromControl, ""),

	"process":                             call.processMember,
	"processstartinfo":                    only(call.itself, "argumentlist"),
	"computer":                            only(call.fileSystem, "filesystem"),
	"stdout":                              call.nothing,
	"schedule.service wmi":                call.itself,
	"administrators":                      only(call.itself, "members"),
	"processmodel virtualdirectory":       only(of(secret, ""), "password"), // of Microsoft.Web.Administration
	"objectdatasource objectdataprovider": call.dataSourceMember,

	"sqlcommand oledbcommand odbccommand mysqlcommand oraclecommand": only(call.itself, "parameters"),

	"ziparchive ziparchiveentry zipfile": call.archiveMember,
	"directoryinfo fileinfo":             call.fileInfoMember,
	"sqldatareader oledbdatareader dataset datatable datarow sqldatareader[] datarowview idatareader dbdatareader": of(fromData, ""),

	"httpwebresponse webresponse httpresponsemessage": of(fromRemote, ""),
	"xmlhttp":     call.xmlHTTPMember,
	"mailmessage": only(call.itself, "to", "bcc", "cc"),
})

// makers are constructors, by their class.
var makers = script.Table(map[string]meaning{
	"activexobject":                          call.createObject,
	"function":                               call.functionOf,
	"guid":                                   call.newGUID,
	"filesystemobject filesystemobjectclass": instance("scripting.filesystemobject"), // of COM, by their libraries
	"wshshell wshshellclass":                 instance("wscript.shell"),
	"directoryentry":                         call.newDirectoryEntry,
	"directorysearcher":                      call.newDirectorySearcher,
	"processstartinfo":                       call.newStartInfo,
	"managementobjectsearcher":               call.newManagementSearcher,
	"powershell managementclass managementobject managementbaseobject": call.withArgs,

	"scriptcontrol xslcompiledtransform xsltransform xmlserializer datacontractserializer datacontractjsonserializer": call.withArgs,
	"javascriptserializer":              call.newSerializer,
	"resxresourcereader resourcereader": call.newResources,
	"computer":                          call.withArgs, // of Visual Basic

	"losformatter objectstateformatter binaryformatter netdatacontractserializer soapformatter":                                 call.ofName,
	"objectdatasource objectdataprovider":                                                                                       call.newDataSource,
	"cspparameters csharpcodeprovider vbcodeprovider jscriptcodeprovider codedomprovider microsoft.jscript.jscriptcodeprovider": instance("codedomprovider"),
	"machinekeysection": of(secret, ""),

	"directoryinfo fileinfo": call.newFileInfo,
	"streamwriter filestream binarywriter streamreader xmltextwriter": call.newStream,
	"ziparchive":                  call.withArgs,
	"xpathdocument xmltextreader": call.newDocument,
	"sqlconnection oledbconnection odbcconnection mysqlconnection oracleconnection":                                                   call.newConnection,
	"sqlcommand oledbcommand odbccommand mysqlcommand oraclecommand sqldataadapter oledbdataadapter odbcdataadapter mysqldataadapter": call.newCommand,

	"tcpclient socket udpclient namedpipeclientstream": call.newSocket,
	"webclient httpclient network":                     instance("webclient"), // the last of Visual Basic
	"httplistener":                                     call.newListener,
	"smtpclient mailmessage mailaddress":               call.withArgs,
})

// guessed are methods of objects whose class is not known. Only names that mean
// one thing are here.
var guessed = script.Table(map[string]meaning{
	"addscript addcode":              call.addCode,
	"createmethodbody setmethodbody": call.methodBody,
	"compileassemblyfromsource":      call.compile,
	"connect":                        call.connects,
	"getmethod":                      call.getMethod,
	"invokemember":                   call.invokesMember,
	"getapplicationconfig getrawxml": of(secret, ""),
	"getsection":                     call.section,
	"getattribute attribute attributes getnameditem selectnodes selectsinglenode getelementsbytagname descendants xpathselectelements xpathselectelement xpathevaluate": call.attribute,
	"read copyto copytoasync writeto": call.copies,
	"receiveasync":                    call.webSocketReceives, // of a web socket that an extension of ASP.NET's hands over
	"shellexecute":                    call.shellExecute,

	"transformfinalblock createdecryptor createencryptor": call.ciphers,
})
